import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readGpus } from '../../src/engine/gpus.js'
import { type Installation, readInstallation } from '../../src/engine/installation.js'
import type { Gpu } from '../../src/spec/worker.js'
import { cacheFolder } from '../paths.js'

/** A Python with PyTorch. */
export interface Torch {
  python: string
  version: string
  /** Whether it can use the GPU. */
  cuda: boolean
}

export interface Found {
  gpus: readonly Gpu[]
  /** Which engine set-up installed; null if none. */
  engine: Installation['kind'] | null
  torch: Torch | null
}

export interface Missing {
  /** Without these, nothing can be measured. */
  needed: string[]
  /** Without these, the table has fewer rows. */
  optional: string[]
}

export async function lookAround(): Promise<Found> {
  return { gpus: await readGpus(), engine: installedEngine(), torch: await findTorch() }
}

/** What this machine lacks for `device`, each with its cure. */
export function missingFor(device: 'cuda' | 'cpu', { gpus, engine, torch }: Found): Missing {
  const needed: string[] = []
  const optional: string[] = []
  const onGpu = device === 'cuda'
  if (onGpu && gpus.length === 0) {
    needed.push(
      'an NVIDIA GPU: nvidia-smi lists none. `npm run bench -- train` measures the processor; `--device cpu` tries whether the programs of this bench run, and says nothing about a GPU',
    )
  }
  if (engine === null) needed.push('the native libraries: `npm run setup` installs them')
  else if (onGpu && engine === 'cpu') {
    needed.push(
      'the engine for CUDA: set-up installed that for processors. Run `npm run setup` where it finds the NVIDIA driver',
    )
  }
  if (!torch) {
    optional.push(
      'PyTorch, so nothing is compared: `python3 -m pip install torch torchvision` installs it, or `npm run bench -- train --subjects torch` makes an environment with it',
    )
  } else if (onGpu && !torch.cuda) {
    optional.push(
      `PyTorch that uses the GPU, so nothing is compared: ${torch.version} of ${torch.python} does not`,
    )
  }
  return { needed, optional }
}

function installedEngine(): Installation['kind'] | null {
  try {
    return readInstallation().kind
  } catch {
    return null
  }
}

const torchFacts = `import json, torch, torchvision
print(json.dumps([torch.__version__, torch.cuda.is_available()]))`

/** Nothing is installed for it: gigabytes would take longer than the bench. */
async function findTorch(): Promise<Torch | null> {
  const made = ['cuda', 'cpu'].map(kind => join(cacheFolder(), `torch-${kind}`, 'bin', 'python'))
  for (const python of ['python3', ...made]) {
    // it is not there, or has no PyTorch
    const found = await promisify(execFile)(python, ['-c', torchFacts], { timeout: 60_000 }).catch(
      () => null,
    )
    if (!found) continue
    const [version, cuda] = JSON.parse(found.stdout) as [string, boolean]
    return { python, version, cuda }
  }
  return null
}
