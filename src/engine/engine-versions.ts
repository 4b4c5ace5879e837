import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { EngineVersions } from '../spec/server-info.js'
import { bindingPackage, readInstallation } from './installation.js'

/**
 * The versions of the native libraries, without loading them: set-up unpacks each into a folder whose name has its
 * version. Throws ENGINE_MISSING if they are not set up.
 */
export function engineVersions(): EngineVersions {
  const { kind, xgboost, openvino } = readInstallation()
  return {
    kind,
    tensorflow: versionIn('tensorflow', join(dirname(bindingPackage()), 'deps', 'lib')),
    xgboost: versionIn('xgboost', xgboost),
    openvino: openvino ? versionIn('openvino', openvino) : null,
  }
}

/** Null for a library that someone has put elsewhere. */
function versionIn(project: string, path: string): string | null {
  try {
    const folder = new RegExp(`/${project}(?:-[a-z]+)?-(\\d+\\.\\d+\\.\\d+)-`)
    return folder.exec(realpathSync(path))?.[1] ?? null
  } catch {
    return null // the file is gone
  }
}
