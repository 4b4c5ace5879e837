import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '../../testing/eventually.js'
import { freePort } from '../../testing/free-port.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { columnNames } from '../boosting/synthetic.js'
import { root } from '../paths.js'
import { peerEnvironment } from '../peer.js'
import { pythonOf } from '../venv.js'
import type { WithServer } from './server.js'
import { csvOf } from './trainyard.js'

const execute = promisify(execFile)
const startTimeoutMs = 120_000

/** `mlflow models serve` with its own defaults, and one thread for a prediction. */
export const withMlflow: WithServer = (trees, work) =>
  withTempFolder(async folder => {
    const python = await pythonOf('mlflow', 'cpu')
    const model = join(folder, 'model.ubj')
    await writeFile(model, trees.ubj)
    const script = join(root, 'bench', 'serve', 'python', 'save_mlflow.py')
    const saved = join(folder, 'model')
    const { stdout } = await execute(python, ['-B', script, model, saved])
    const [mlflow, xgboost] = stdout.trim().split('\n').at(-1)!.split(' ')
    const port = await freePort()
    const child = spawn(
      python,
      [
        ...['-m', 'mlflow', 'models', 'serve', '-m', saved, '--env-manager', 'local'],
        ...['-h', '127.0.0.1', '-p', String(port)],
      ],
      {
        // it starts uvicorn by name
        env: {
          ...process.env,
          ...peerEnvironment(1),
          PATH: `${dirname(python)}:${process.env.PATH}`,
        },
        stdio: 'ignore',
        detached: true,
      },
    )
    const url = `http://127.0.0.1:${port}`
    try {
      const isUp = () =>
        fetch(`${url}/ping`).then(
          ({ ok }) => ok || null,
          () => null,
        )
      await eventually('MLflow to answer', isUp, { timeoutMs: startTimeoutMs })
      return await work({
        versions: { mlflow: mlflow!, xgboost: xgboost! },
        request: ({ rows, format }) => ({
          url: `${url}/invocations`,
          headers: { 'content-type': format === 'csv' ? 'text/csv' : 'application/json' },
          body:
            format === 'csv'
              ? csvOf(trees, rows)
              : JSON.stringify({
                  dataframe_split: {
                    columns: columnNames,
                    data: Array.from({ length: rows }, (_, i) => trees.row(i)),
                  },
                }),
        }),
        probabilities: answer => (JSON.parse(answer) as { predictions: number[] }).predictions,
        memoryMb: () => memoryOfGroup(child.pid!),
      })
    } finally {
      const exited = once(child, 'exit')
      // its workers are in its process group
      process.kill(-child.pid!, 'SIGKILL')
      await exited
    }
  })

/** Resident memory in MiB of all processes of a process group. */
async function memoryOfGroup(group: number): Promise<number> {
  let kilobytes = 0
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    if (Number(stat.slice(stat.lastIndexOf(')')).split(' ')[3]) !== group) continue
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    kilobytes += Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0)
  }
  return Math.round(kilobytes / 1024)
}
