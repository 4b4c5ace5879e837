// One task of a cluster of TensorFlow's servers; server-host.ts starts two in one network. Says where it listens.
import { loadTensorFlow } from '../../src/engine/tensorflow.js'
import { startTensorFlowServer } from '../../src/engine/tensorflow-server.js'
import { serverDef } from '../../src/graph/server-def.js'
import { listeningPorts, portsOf } from '../../testing/listening-ports.js'

const [task, ...addresses] = process.argv.slice(2)
loadTensorFlow()
const target = startTensorFlowServer(serverDef({ addresses, task: Number(task) }), false)
// keeps the process running
process.on('message', () => {})
process.send!({ target, ports: await portsOf(process.pid, await listeningPorts()) })
