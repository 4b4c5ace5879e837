// Triton's Python client, which asks the server for predictions by the Open Inference Protocol.
import { pythonPackages } from './python-packages.js'

export const servingClients = pythonPackages('serving-clients.json', 'tritonclient and NumPy')
