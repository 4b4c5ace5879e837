// Starts the API without the other processes, for servers of several machines or containers.
import { fork } from 'node:child_process'
import { childEnvironment } from '../config.js'
import { apiEnvironment, apiFlags, apiScript } from './api-process.js'

const api = fork(apiScript, {
  execArgv: apiFlags,
  env: { ...apiEnvironment, ...childEnvironment() },
})
for (const event of ['SIGTERM', 'SIGINT', 'SIGHUP', 'disconnect'] as const) {
  process.on(event, () => api.kill('SIGTERM'))
}
api.on('message', message => process.send?.(message, () => {}))
api.on('exit', code => process.exit(code ?? 1))
