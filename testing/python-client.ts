// What the tests of the Python client run, and apart from it httpx, its only dependency.
import { pythonPackages } from './python-packages.js'

export const pythonClient = pythonPackages('python-client.json', 'pytest and the tools of Python')
export const pythonClientRuntime = pythonPackages('python-client-runtime.json', 'httpx')
