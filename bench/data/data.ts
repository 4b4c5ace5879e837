import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import {
  type OptionValues,
  parseCount,
  parseNames,
  scriptCommand,
} from '../../src/script-options.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { runInterleaved } from '../interleave.js'
import { describeMachine } from '../machine.js'
import { runBench } from '../run.js'
import type { Ready } from '../subject-protocol.js'
import { imageIngest } from './image-ingest.js'
import type { DataCase, DataPart } from './part.js'
import { inputPipeline } from './pipeline/input-pipeline.js'
import { type DataRow, dataTable, ratiosOf } from './table.js'
import { tableIngest } from './table-ingest.js'

/** What is measured. Each part has its own subjects, of which trainyard is the first. */
const parts: Readonly<Record<string, DataPart>> = {
  images: imageIngest,
  csv: tableIngest('csv'),
  parquet: tableIngest('parquet'),
  pipeline: inputPipeline,
}
const partNames = Object.keys(parts)

const options = {
  parts: { value: 'A,B', default: partNames.join(), help: 'what is measured' },
  images: { value: 'N', default: '2000', help: 'photographs' },
  rows: { value: 'N', default: '1000000', help: 'rows of a table' },
  rounds: { value: 'N', default: '3', help: 'turns of each subject' },
} as const

export const dataBench = scriptCommand(
  {
    command: 'npm run bench -- data',
    summary:
      "Measures how data sets are made, and how training reads them, beside the ways of Python. The last line is JSON: what each peer takes, as a multiple of Trainyard's time.",
    options,
  },
  run,
)

async function run(values: OptionValues<typeof options>): Promise<boolean> {
  const lookUp = (name: string) => partNames.filter(each => each === name)
  const chosen = parseNames('parts', values.parts, lookUp, partNames)
  const images = parseCount('images', values.images)
  const rows = parseCount('rows', values.rows)
  const rounds = parseCount('rounds', values.rounds)
  const threads = availableParallelism()
  // measured before environments are created, which would raise the load average
  const machine = await describeMachine()

  return withTempFolder(async tempFolder => {
    const cases: DataCase[] = []
    for (const name of chosen) {
      cases.push(...(await parts[name]!(join(tempFolder, name), { images, rows }, threads)))
    }
    let measuredRows: readonly DataRow[] = []
    const passed = await runBench<DataCase, Ready, DataRow>({
      name: 'data',
      machine,
      cases,
      settings: { threads, images, rows, rounds },
      table(report) {
        measuredRows = report.rows
        return dataTable(report)
      },
      programs: ({ programs }) => programs,
      runInterleaved: ({ request }, supported) =>
        runInterleaved(supported, () => request, { rounds, steps: 1, warmUp: 0 }),
      row: ({ name, images }, { name: subject, started, ...measured }) => ({
        case: name,
        subject,
        ...measured,
        ...(images && { imagesPerSecond: (1000 * images) / measured.medianMs }),
      }),
    })
    console.log(JSON.stringify(ratiosOf(measuredRows)))
    return passed
  })
}
