import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { benches } from '../bench/benches.js'
import { readOptions, UsageError, usageOf } from '../src/script-options.js'

const run = (path: string, ...args: string[]) => {
  const script = fileURLToPath(new URL(`../${path}`, import.meta.url))
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
}

test('--help of each bench tells how it is called, and measures nothing', async () => {
  for (const [name, bench] of Object.entries(benches)) {
    await assert.rejects(
      async () => bench.run(['--help']),
      ({ message }: Error) => message.startsWith(`usage: npm run bench -- ${name} [OPTIONS]\n`),
    )
  }
})

test('a bench refuses an option that it does not have, and tells which it has', async () => {
  for (const bench of Object.values(benches)) {
    await assert.rejects(async () => bench.run(['--speed', '1']), {
      name: 'Error',
      message: "Unknown option '--speed'",
      usage: usageOf(bench.script),
    })
  }
})

test('--help ends with status 0 and the usage alone', () => {
  const calls = [
    { path: 'bench/main.js', usage: /^usage: npm run bench -- NAME .+^ {2}serve +Measures /ms },
    { path: 'chaos/main.js', usage: /^usage: npm run chaos -- \[OPTIONS\] \[P4,P10\]\n/ },
    { path: 'demo/demo.js', usage: /^usage: npm run demo -- \[OPTIONS\]\n/ },
  ]
  for (const { path, usage } of calls) {
    const { status, stdout, stderr } = run(path, '--help')
    assert.equal(status, 0, stderr)
    assert.match(stdout, usage)
    assert.equal(stderr, '')
  }
})

test('a mistake on the command line ends with status 2 and the usage, without a stack', () => {
  const calls = [
    { path: 'bench/main.js', args: ['race'], told: /^bench: there is no 'race'\n\nusage: / },
    {
      path: 'bench/main.js',
      args: ['submit', '--seconds', 'x'],
      told: /^bench: --seconds is 'x', expected a whole number from 1; --help explains the options\n$/,
    },
    { path: 'chaos/main.js', args: ['--race'], told: /^chaos: Unknown option '--race'\n\nusage: / },
    {
      path: 'chaos/main.js',
      args: ['--data', '--kills', '3'],
      told: /^chaos: --kills means nothing with --data\n\nusage: /,
    },
    { path: 'demo/demo.js', args: ['race'], told: /^demo: unknown argument 'race'\n\nusage: / },
  ]
  for (const { path, args, told } of calls) {
    const { status, stdout, stderr } = run(path, ...args)
    assert.equal(status, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, told)
    assert.doesNotMatch(stderr, /^ +at /m)
  }
})

const script = {
  command: 'npm run example',
  summary: 'An example.',
  options: {
    all: { help: 'a flag' },
    count: { value: 'N', default: '3', help: 'a value' },
    of: { value: 'NAME', help: 'a value of the flag', with: 'all' },
  },
  list: { name: 'A,B', with: 'all', help: 'a list' },
} as const

test('options that are not given have their defaults', () => {
  assert.deepEqual(readOptions(script, []), {
    all: false,
    count: '3',
    of: undefined,
    list: undefined,
  })
})

test('options of a flag and the list are read with the flag only', () => {
  const read = readOptions(script, ['--all', '--of', 'x', '--count', '4', 'A'])
  assert.deepEqual(read, { all: true, count: '4', of: 'x', list: 'A' })
  assert.throws(() => readOptions(script, ['--of', 'x']), UsageError)
  assert.throws(() => readOptions(script, ['A']), UsageError)
})

test('the usage has a line for each option, with its default and the flag that it needs', () => {
  assert.equal(
    usageOf(script),
    `usage: npm run example -- [OPTIONS] [A,B]

An example.

  --all      a flag
  --count N  a value (default: 3)
  --of NAME  a value of the flag; with --all
  A,B        a list; with --all
  --help     show this and end`,
  )
})
