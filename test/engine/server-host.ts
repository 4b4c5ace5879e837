// Starts two tasks in the network of this process, which has its own, and tells what they say.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { bringUpLoopback, hasOwnNetwork } from '../../src/engine/loopback.js'
import { listeningPorts } from '../../testing/listening-ports.js'

const program = fileURLToPath(new URL('server-task.js', import.meta.url))
const addresses = ['127.0.0.1:23450', '127.0.0.1:23451']

bringUpLoopback()
const tasks = addresses.map((_, task) => fork(program, [String(task), ...addresses]))
const started = await Promise.all(tasks.map(async child => (await once(child, 'message'))[0]))
await Promise.all(
  tasks.map(async child => {
    const end = once(child, 'exit')
    child.kill('SIGKILL')
    await end
  }),
)
const left = await listeningPorts()
process.send!({ hasOwnNetwork: hasOwnNetwork(), started, left }, () => process.disconnect())
