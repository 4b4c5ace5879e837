// NumPy, pandas, pyarrow, Pillow, openpyxl and onnxruntime. Tests of data sets read what they wrote, and compare with what they
// read; tests of exported models compare with what they predict.
import { pythonPackages } from './python-packages.js'

export const {
  needed: needsDataWitnesses,
  run: runPython,
  environment: pythonEnvironment,
} = pythonPackages(
  'data-witnesses.json',
  'NumPy, pandas, pyarrow, Pillow, openpyxl, ONNX and onnxruntime',
)
