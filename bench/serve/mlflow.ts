import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../testing/free-port.js'
import { withTempFolder } from '../../testing/temp-folder.js'
import { columnNames } from '../boosting/synthetic.js'
import { root } from '../paths.js'
import { peerEnvironment } from '../peer.js'
import { pythonOf } from '../venv.js'
import type { WithServer } from './server.js'
import { controlsOf, withServerProcess } from './server-processes.js'
import { csvOf, type TreesInput } from './trees.js'

const execute = promisify(execFile)

/** `mlflow models serve` with its own defaults, and one thread for a prediction. */
export const withMlflow: WithServer<TreesInput> = ({ trees, rows, format }, work) =>
  withTempFolder(async folder => {
    const python = await pythonOf('mlflow', 'cpu')
    const model = join(folder, 'model.ubj')
    await writeFile(model, trees.ubj)
    const script = join(root, 'bench', 'serve', 'python', 'save_mlflow.py')
    const saved = join(folder, 'model')
    const { stdout } = await execute(python, ['-B', script, model, saved])
    const [mlflow, xgboost] = stdout.trim().split('\n').at(-1)!.split(' ')
    const port = await freePort()
    const program = {
      command: python,
      args: [
        ...['-m', 'mlflow', 'models', 'serve', '-m', saved, '--env-manager', 'local'],
        ...['-h', '127.0.0.1', '-p', String(port)],
      ],
      // it starts uvicorn by name
      env: { ...peerEnvironment(1), PATH: `${dirname(python)}:${process.env.PATH}` },
    }
    const data = Array.from({ length: rows }, (_, i) => trees.row(i))
    const request = {
      url: `http://127.0.0.1:${port}/invocations`,
      headers: { 'content-type': format === 'csv' ? 'text/csv' : 'application/json' },
      body:
        format === 'csv'
          ? csvOf(trees, rows)
          : JSON.stringify({ dataframe_split: { columns: columnNames, data } }),
    }
    return withServerProcess(program, request, ({ pid, startSeconds }) =>
      work({
        ...controlsOf(pid),
        startSeconds,
        versions: { mlflow: mlflow!, xgboost: xgboost! },
        requests: [request],
        probabilities: answer =>
          (JSON.parse(answer) as { predictions: number[] }).predictions.map(each => [
            1 - each,
            each,
          ]),
      }),
    )
  })
