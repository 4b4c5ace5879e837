// Runs test files, each in a process of its own: `node run-files.mjs FILE...`. Those that took longest the last time
// begin first, so that none is left to run alone while a core is idle at the end.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { cacheFolder } from '../setup/engine.mjs'
import { root } from '../setup/places.mjs'

/** Far more than any test file takes. A file that hangs fails, and the others still run. */
const fileTimeoutMs = 10 * 60_000
/**
 * How many files run at once. With two, two cores were idle for a third of the time: files wait for restarts,
 * outages, retries and browsers. With many, TensorFlow's threads, one for each core, would hold each other up.
 */
const concurrency = 3

/** The ms that each file took when it ran last, in whichever checkout. */
const path = join(cacheFolder(), 'test-durations.json')
const durations = readDurations()
const files = process.argv
  .slice(2)
  .sort((a, b) => (durations[b] ?? Infinity) - (durations[a] ?? Infinity) || 0)

const took = {}
const count = ({ nesting, file, details }) => {
  if (nesting === 0 && file) took[file] = (took[file] ?? 0) + details.duration_ms
}
const results = run({
  files: files.map(file => join(root, file)),
  concurrency,
  timeout: fileTimeoutMs,
})
results.on('test:pass', count)
results.on('test:fail', event => {
  count(event)
  process.exitCode = 1
})
results.on('end', () => {
  for (const file of files) durations[file] = Math.round(took[join(root, file)] ?? 0)
  mkdirSync(cacheFolder(), { recursive: true })
  writeFileSync(path, JSON.stringify(durations))
})
results.compose(new spec()).pipe(process.stdout)

function readDurations() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // the first run, or one that ended while it wrote: the order does not change what is tested
    return {}
  }
}
