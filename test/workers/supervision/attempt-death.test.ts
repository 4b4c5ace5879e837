import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { LocalExecutor } from '../../../workers/executors/local-executor.js'
import { errorLine, explainDeath } from '../../../workers/supervision/attempt-death.js'
import { type TrainerExit, TrainerProcess } from '../../../workers/supervision/trainer-process.js'

const healthy = { oomKilled: false, diskProblem: null }

const exitOf = (exit: Partial<TrainerExit>): TrainerExit => ({
  code: null,
  signal: null,
  outputTail: [],
  error: null,
  lost: null,
  killReason: null,
  ...exit,
})

const cases: [Partial<TrainerExit>, end: string, cause: string | null, text: string][] = [
  [
    { signal: 'SIGKILL' },
    'killed',
    'killed',
    'was ended by SIGKILL, which its worker did not send',
  ],
  [
    { signal: 'SIGTERM' },
    'killed',
    'killed',
    'was ended by SIGTERM, which its worker did not send',
  ],
  [
    { signal: 'SIGKILL', killReason: { kind: 'silent', text: 'idle and silent for 300 s' } },
    'crashed',
    'crashed',
    'was ended by its worker: it was idle and silent for 300 s',
  ],
  [
    { signal: 'SIGKILL', killReason: { kind: 'stopped', text: 'stopped (SIGSTOP) for 2 s' } },
    'killed',
    'killed',
    'was ended by its worker: it was stopped (SIGSTOP) for 2 s',
  ],
  [{ signal: 'SIGSEGV' }, 'crashed', 'crashed', 'was ended by SIGSEGV in native code'],
  [
    { signal: 'SIGILL' },
    'crashed',
    'crashed',
    'was ended by SIGILL in native code: the processor lacks an instruction that the library uses',
  ],
  [
    {
      signal: 'SIGABRT',
      outputTail: [
        "terminate called after throwing an instance of 'std::bad_alloc'",
        '  what():  x',
      ],
    },
    'crashed',
    'out_of_memory',
    'was ended by SIGABRT, by which native code gives up: what(): x',
  ],
  [
    { code: 1, error: { message: 'TypeError: x is not a function', cause: null } },
    'crashed',
    'crashed',
    'ended with exit code 1: TypeError: x is not a function',
  ],
  [
    { code: 1, error: { message: 'Error: CUDA_ERROR_ILLEGAL_ADDRESS', cause: 'gpu_error' } },
    'crashed',
    'gpu_error',
    'ended with exit code 1: Error: CUDA_ERROR_ILLEGAL_ADDRESS',
  ],
  [{ code: 3 }, 'crashed', 'no_progress', 'ended with exit code 3 silently'],
  [
    { code: 75, error: { message: 'TensorFlow does not load from x', cause: null } },
    'unavailable',
    null,
    'could not go on: TensorFlow does not load from x',
  ],
  [
    { outputTail: ['spawn node EAGAIN'] },
    'unavailable',
    null,
    'could not go on: no trainer can be started: spawn node EAGAIN',
  ],
  [
    { lost: 'its node was not heard of for 30 s', outputTail: ['step 7'] },
    'killed',
    'killed',
    'was lost: its node was not heard of for 30 s: step 7',
  ],
]
for (const [exit, end, cause, text] of cases) {
  test(`a trainer that ${text}`, () => {
    assert.deepEqual(explainDeath(exitOf(exit), healthy), { end, cause, text })
  })
}

test('a kill by the kernel for lack of memory is told from other kills', () => {
  const oom = { oomKilled: true, diskProblem: null }
  assert.equal(explainDeath(exitOf({ signal: 'SIGKILL' }), oom).cause, 'out_of_memory')
  const killReason = { kind: 'request', text: 'asked to cancel' } as const
  assert.equal(explainDeath(exitOf({ signal: 'SIGKILL', killReason }), oom).cause, 'killed')
  assert.equal(explainDeath(exitOf({ signal: 'SIGSEGV' }), oom).cause, 'crashed')
})

test('whatever a trainer makes of a full disk, the disk is at fault', () => {
  const full = { oomKilled: false, diskProblem: 'the disk of the data folder is full (0 MB free)' }
  for (const exit of [{ code: 1 }, { signal: 'SIGBUS' }, { signal: 'SIGABRT' }] as const) {
    const death = explainDeath(exitOf(exit), full)
    assert.deepEqual([death.end, death.cause], ['unavailable', null], JSON.stringify(exit))
    assert.match(death.text, /^could not go on: the disk of the data folder is full/)
  }
  assert.equal(explainDeath(exitOf({ signal: 'SIGKILL' }), full).end, 'killed')
})

/** What a real process reports that runs `script` as a trainer. */
async function exitOfScript(...args: string[]): Promise<TrainerExit> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    output += text
  })
  const [code, signal] = await once(child, 'close')
  return exitOf({ code, signal, outputTail: output.split('\n').slice(-20) })
}

test('a heap of V8 that is full is a lack of memory', async () => {
  const script = 'const all = []; for (;;) all.push({ a: [1, 2, 3] })'
  const exit = await exitOfScript('--max-old-space-size=16', '-e', script)
  assert.equal(explainDeath(exit, healthy).cause, 'out_of_memory', exit.outputTail.join('\n'))
})

test('of an uncaught error, the message is told and not the stack', async () => {
  const script = 'const cause = new Error("inner"); throw new RangeError("outer", { cause })'
  const { text } = explainDeath(await exitOfScript('-e', script), healthy)
  assert.equal(text, 'ended with exit code 1: RangeError: outer')
})

test('a missing library is told by the line of the loader', () => {
  const line =
    'Error: libtensorflow.so.2: cannot open shared object file: No such file or directory'
  assert.equal(
    errorLine(['node:internal/modules/cjs/loader:1800', line, '    at Module.load', '']),
    line,
  )
  assert.equal(errorLine(['', '    at x (y:1:2)', '}']), null)
})

test('a process that cannot be started is reported as such', async () => {
  const executor = new LocalExecutor('/nonexistent/trainer.js')
  const gang = { job: 'job-1', attempt: 1, world: 1, devices: 1 }
  const [launched] = TrainerProcess.gang(executor, gang, { environment: process.env, gpu: null })
  assert.ok(launched)
  const death = explainDeath(await launched.exit, healthy)
  assert.equal(death.end, 'crashed')
  assert.match(death.text, /^ended with exit code 1: Error: Cannot find module/)
})
