import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '../../testing/eventually.js'
import { freePort } from '../../testing/free-port.js'
import { root } from '../paths.js'
import { peerEnvironment } from '../peer.js'
import type { EnvironmentName } from '../peer-versions.js'
import { withServerProcess } from '../serve/server-processes.js'
import { pythonOf } from '../venv.js'
import { withMadeFolder } from './kept-folder.js'
import { timeToPlace, timeUntil, withBrowserPage } from './open-page.js'
import type { Measurement, Sizes } from './trainyard.js'

const execute = promisify(execFile)
const script = join(root, 'bench', 'dashboard', 'python', 'write_runs.py')

interface Tracker {
  environment: EnvironmentName
  /** Its command line, for a folder of runs. */
  serve(folder: string, port: number): string[]
  /** Measures its pages, of which `experiment` is what the script has made. */
  measure(url: string, experiment: string, sizes: Sizes): Promise<Measurement[]>
}

const trackers: Readonly<Record<string, Tracker>> = {
  mlflow: {
    environment: 'mlflow-tracking',
    serve: (folder, port) => [
      ...['-m', 'mlflow', 'server', '--backend-store-uri', `sqlite:///${folder}/mlflow.db`],
      ...['--host', '127.0.0.1', '--port', String(port)],
    ],
    measure: measureMlflow,
  },
  tensorboard: {
    environment: 'tensorboard',
    serve: (folder, port) => [
      ...['-m', 'tensorboard.main', '--logdir', folder, '--host', '127.0.0.1'],
      ...['--port', String(port), '--load_fast', 'false'],
    ],
    measure: measureTensorBoard,
  },
}

export const trackerNames = Object.keys(trackers)

export interface TrackerResult {
  versions: Readonly<Record<string, string>>
  measured: Measurement[]
}

/** Records runs as the tracker stores them, starts it, and measures its pages in a browser. */
export async function measureTracker(name: string, sizes: Sizes): Promise<TrackerResult> {
  const { environment, serve, measure } = trackers[name]!
  const { runs, points, curves, keep } = sizes
  const python = await pythonOf(environment, 'cpu')
  // beside the runs, not among them
  const madeName = 'made.txt'
  const record = async (folder: string) => {
    console.error(`bench: recording ${runs} runs for ${name}`)
    const counts = [runs, points, curves].map(String)
    const { stdout } = await execute(python, ['-B', script, name, join(folder, 'runs'), ...counts])
    await writeFile(join(folder, madeName), stdout.trim().split('\n').at(-1)!)
  }
  return withMadeFolder(keep, `${name}-${runs}x${points}-${curves}`, record, async folder => {
    const [version, experiment] = (await readFile(join(folder, madeName), 'utf8')).split(' ')
    const port = await freePort()
    const program = {
      command: python,
      args: serve(join(folder, 'runs'), port),
      // MLflow starts uvicorn by name
      env: { ...peerEnvironment(2), PATH: `${dirname(python)}:${process.env.PATH}` },
    }
    const url = `http://127.0.0.1:${port}`
    const measured = await withServerProcess(program, { url }, () =>
      measure(url, experiment!, sizes),
    )
    return { versions: { [name]: version! }, measured }
  })
}

/** The table after a load, and the chart of the newest runs after a click in an open page, as of Trainyard. */
function measureMlflow(url: string, experiment: string, sizes: Sizes): Promise<Measurement[]> {
  const { runs, curves, repetitions } = sizes
  const runsPlace = `#/experiments/${experiment}/runs`
  const hasRows = `document.querySelector('a[href*="/runs/"]')`
  const hasCurves = `document.querySelectorAll('.scatterlayer path.js-line').length >= ${curves}`
  return withBrowserPage(async page => {
    const tables: number[] = []
    const charts: number[] = []
    for (let i = 0; i <= repetitions; i++) {
      await page.goto('about:blank')
      await page.goto(`${url}/${runsPlace}`, { waitUntil: 'commit' })
      tables.push(await timeUntil(page, hasRows))
      charts.push(await timeToPlace(page, `${runsPlace}?compareRunsMode=CHART`, hasCurves))
    }
    return [
      { case: `table of ${runs} runs, ms`, values: tables },
      { case: `${curves} curves, ms`, values: charts },
    ]
  })
}

/** It has one page, with all runs and their curves. */
function measureTensorBoard(url: string, _: string, sizes: Sizes): Promise<Measurement[]> {
  const { runs, curves, repetitions } = sizes
  // a row of the table below the chart, for each curve that is drawn
  const hasCurves = `document.querySelectorAll('scalar-card tb-data-table-content-row').length >= ${curves}`
  return withBrowserPage(async page => {
    await eventually('the runs to be read', () => hasRead(url, sizes), {
      timeoutMs: 30 * 60_000,
      intervalMs: 1000,
    })
    const values: number[] = []
    for (let i = 0; i <= repetitions; i++) {
      await page.goto('about:blank')
      await page.goto(`${url}/#timeseries`, { waitUntil: 'commit' })
      values.push(await timeUntil(page, hasCurves))
    }
    return [{ case: `page with the curves of ${runs} runs, ms`, values }]
  })
}

/** Whether the last run is there with its last step; the page would show a part of them before. */
async function hasRead(url: string, { runs, points }: Sizes): Promise<boolean> {
  const path = `/data/plugin/scalars/scalars?tag=loss&run=${encodeURIComponent(`run ${runs - 1}`)}`
  const answer = await fetch(url + path)
  if (!answer.ok) return false
  const series = (await answer.json()) as [time: number, step: number, value: number][]
  return series.at(-1)?.[1] === points
}
