import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, root } from './places.mjs'
import { installPythonPackages } from './python-packages.mjs'

/**
 * Installs NumPy, pandas, pyarrow and Pillow, whose files the tests of data sets read and whose reading they compare
 * with, and onnxruntime, whose predictions tests of exports compare with, for `npm test`. Tells this checkout where
 * they are.
 */
export async function setUpDataWitnesses() {
  const found = await installPythonPackages({
    name: 'data-witnesses',
    title: 'NumPy, pandas, pyarrow, Pillow, onnxruntime and openpyxl',
    requirements: join(root, 'scripts', 'data-witnesses-requirements.txt'),
  })
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('data-witnesses.json'), JSON.stringify(found))
}
