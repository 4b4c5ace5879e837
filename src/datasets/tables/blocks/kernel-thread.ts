// A thread that parses numbers beside the one that reads the file.
import { workerData } from 'node:worker_threads'
import { loadKernels } from '../kernels/load-kernels.js'
import { type KernelPlaces, NumberColumns } from './kernel-memory.js'

const { memory, places } = workerData as { memory: WebAssembly.Memory; places: KernelPlaces }
new NumberColumns(memory, loadKernels(memory), places).parseForever()
