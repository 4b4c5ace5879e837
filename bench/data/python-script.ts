import { join } from 'node:path'
import { root } from '../paths.js'

export const pythonScript = (name: string) => join(root, 'bench', 'data', 'python', name)
