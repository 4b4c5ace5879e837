import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseCount, parseNames } from '../../testing/command-line.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { runInterleaved } from '../interleave.js'
import { describeMachine } from '../machine.js'
import type { Row } from '../report.js'
import { runBench } from '../run.js'
import type { Program } from '../subject.js'
import type { Ready } from '../subject-protocol.js'
import { imageIngest } from './image-ingest.js'
import type { DataPart } from './part.js'
import { dataTable, ratiosOf } from './table.js'
import { tableIngest } from './table-ingest.js'

/** What is measured. Each part has its own subjects, of which trainyard is the first. */
const parts: Readonly<Record<string, DataPart>> = {
  images: imageIngest,
  csv: tableIngest('csv'),
  parquet: tableIngest('parquet'),
}
const partNames = Object.keys(parts)

/**
 * Measures how data sets are made beside the ways of Python:
 * `[--parts images,csv,parquet] [--images 2000] [--rows 1000000] [--rounds 3]`. The last line is JSON: what each peer takes, as a multiple of
 * trainyard's time.
 */
export async function dataBench(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      parts: { type: 'string', default: partNames.join() },
      images: { type: 'string', default: '2000' },
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
    },
  })
  const lookUp = (name: string) => partNames.filter(each => each === name)
  const chosen = parseNames('parts', values.parts, lookUp, partNames)
  const images = parseCount('images', values.images)
  const rows = parseCount('rows', values.rows)
  const rounds = parseCount('rounds', values.rounds)
  const threads = availableParallelism()
  // measured before environments are created, which would raise the load average
  const machine = await describeMachine()

  return withTempFolder(async tempFolder => {
    const cases = []
    for (const name of chosen) {
      const part = parts[name]!
      const folder = join(tempFolder, name)
      const input = await part.prepare(folder, { images, rows })
      cases.push({ name: input.name, input, programs: await part.programs(threads) })
    }
    let measuredRows: readonly Row[] = []
    const passed = await runBench<(typeof cases)[number], Ready, Row>({
      name: 'data',
      machine,
      cases,
      settings: { threads, images, rows, rounds },
      table(report) {
        measuredRows = report.rows
        return dataTable(report)
      },
      programs: ({ programs }): ReadonlyMap<string, Program> => programs,
      runInterleaved: ({ input }, supported) =>
        runInterleaved(supported, () => input.request, { rounds, steps: 1, warmUp: 0 }),
      row: ({ name }, { name: subject, started, ...measured }) => ({
        case: name,
        subject,
        ...measured,
      }),
    })
    console.log(JSON.stringify(ratiosOf(measuredRows)))
    return passed
  })
}
