// Runs Schemathesis (https://schemathesis.io), which derives requests from the OpenAPI document and checks the answers.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Target } from './requests/target.js'

export interface SchemathesisOptions {
  url: string
  target: Target
  seed: number
  /** Test cases per operation and phase. */
  maxExamples: number
  /** The whole run ends after this time. Without it, it ends after `maxExamples` of each operation. */
  seconds?: number
  /** `stateful` chains operations, and takes most of the time. */
  phases: readonly ('examples' | 'coverage' | 'fuzzing' | 'stateful')[]
}

export interface SchemathesisResult {
  /** Number of requests. */
  requests: number
  /** Failures, each with the operations that have it. */
  failures: string[]
  /** The program's output, which says how to repeat each failure. */
  output: string
}

interface Report {
  test_cases: { generated: number }
  failures: { code: string; title: string; operations: string[] }[]
  errors: unknown[]
}

/** The marker that `npm test` and `npm run chaos -- --api` write after they have installed it. */
const marker = fileURLToPath(
  new URL('../../../node_modules/.trainyard/schemathesis.json', import.meta.url),
)

export async function runSchemathesis(options: SchemathesisOptions): Promise<SchemathesisResult> {
  const { url, target, seed, maxExamples, seconds, phases } = options
  const { python, folder } = await installation()
  const work = await mkdtemp(join(tmpdir(), 'trainyard-schemathesis-'))
  try {
    await writeFile(join(work, 'schemathesis.toml'), configuration(target))
    const { output, status } = await run(
      python,
      [
        ...['-m', 'schemathesis.cli', '--config-file', 'schemathesis.toml', 'run'],
        ...[`${url}/openapi.json`, '--checks', 'all', '--mode', 'all', '--no-color'],
        ...['--phases', phases.join(','), '--max-examples', String(maxExamples)],
        ...(seconds === undefined ? [] : ['--max-time', String(seconds)]),
        ...['--seed', String(seed), '--generation-database', 'none', '--no-shrink'],
        ...['--continue-on-failure', '--request-timeout', '30', '--output-truncate', 'true'],
        ...['--report', 'json', '--report-json-path', 'report.json'],
      ],
      { cwd: work, env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' } },
    )
    const text = await readFile(join(work, 'report.json'), 'utf8').catch(() => null)
    if (text === null) throw new Error(`Schemathesis ended with status ${status}:\n${output}`)
    const report = JSON.parse(text) as Report
    const failures = report.failures.map(
      ({ code, title, operations }) => `${code} ${title}: ${operations.join(', ')}`,
    )
    const errors = report.errors.map(error => `error: ${JSON.stringify(error).slice(0, 500)}`)
    return { requests: report.test_cases.generated, failures: [...failures, ...errors], output }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function installation(): Promise<{ python: string; folder: string }> {
  const text = await readFile(marker, 'utf8').catch(() => null)
  if (text !== null) return JSON.parse(text) as { python: string; folder: string }
  throw new Error(
    'Schemathesis is not installed: `npm test` and `npm run chaos -- --api` install it before they start',
  )
}

/** Each deviation from the defaults has its reason beside it. */
function configuration({ key, job, table, images, model }: Target): string {
  const ids = [job, table, images, model].map(id => JSON.stringify(id)).join(', ')
  return `
[auth.openapi.key]
bearer = ${JSON.stringify(key)}

# half of the ids exist, so that requests reach past 404
[dictionaries]
ids = { values = [${ids}] }
models = { values = [${JSON.stringify(model)}] }
datasets = { values = [${JSON.stringify(table)}, ${JSON.stringify(images)}] }

[parameters]
"path.id" = { dictionary = "ids", probability = 0.5 }
# a long poll of a queued job lasts as long as it asks for
"query.wait" = 1

[checks.negative_data_rejection]
# besides the defaults: 413 is for a body, 414 for an id in the path that is too long
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429", "431", "503"]

[checks.positive_data_acceptance]
# besides the defaults: 422 is for a request of the right form that names something that does not exist, as
# a cursor, a data set or a file that is none; the document cannot say which ones exist
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "503"]

# OpenAPI cannot say that two parameters of a query exclude, or need, each other
[[operations]]
include-path = "/jobs/{id}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422", "503"]
[[operations]]
include-path = "/jobs/{id}/logs"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422", "503"]
[[operations]]
include-path = ["/jobs/{id}/metrics", "/models/{id}", "/models/{id}/drift", "/models/{id}/samples"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422", "503"]

# a body has ids or a selection: the schema allows both, since its validator could not say which to leave out
[[operations]]
include-path = "/jobs/actions"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422", "503"]

# classes and columns are keys, which may be anything but __proto__ and constructor
[[operations]]
include-path = "/datasets/{id}/derive"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422", "503"]

# its stream has no end, so it is asked for pages
[[operations]]
include-path = "/events"
parameters = { "query.format" = "json", "query.wait" = 1, "query.after" = "start" }
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422", "503"]

# the tus protocol has headers and statuses of its own
[[operations]]
include-path = ["/uploads", "/uploads/{id}"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "410", "412", "413", "415", "422", "503"]
checks.negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "410", "412", "413", "414", "415", "422", "428", "429", "431", "503"]

# what a model takes depends on the model, and the length of the JSON in a header on the body; a request that
# cannot be is refused with the statuses of the protocol
[[operations]]
include-path = ["/v2/models/{id}/infer", "/v2/models/{id}/versions/{version}/infer", "/v2/repository/models/{id}/load", "/v2/repository/models/{id}/unload", "/v1/models/{id}:predict", "/v1/models/{id}/versions/{version}:predict", "/v1/models/{id}/labels/{label}:predict", "/v1/models/{id}:classify", "/v1/models/{id}/versions/{version}:classify", "/v1/models/{id}/labels/{label}:classify", "/v1/models/{id}:regress", "/v1/models/{id}/versions/{version}:regress", "/v1/models/{id}/labels/{label}:regress", "/v1/models/{id}:explain"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422", "503"]

# which media types a model takes depends on the model, and an empty text is an empty table
[[operations]]
include-path = ["/models/{id}/predict", "/models/{id}/explain", "/jobs/{id}/predict", "/jobs/{id}/explain"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "415", "422", "503"]
`
}

function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<{ output: string; status: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        output += text
      })
    }
    child.on('error', reject)
    child.on('close', status => resolve({ output, status }))
  })
}
