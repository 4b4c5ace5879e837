// A thread that hashes files beside the one that writes them.
import { workerData } from 'node:worker_threads'
import { HashChunks } from './hash-chunks.js'

new HashChunks(workerData as SharedArrayBuffer).hashForever()
