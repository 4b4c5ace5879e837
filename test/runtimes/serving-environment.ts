// Import this before what loads TensorFlow.
import { setEnvironment } from '../../src/config.js'
import { servingEnvironment } from '../../src/engine/environment.js'

setEnvironment(servingEnvironment)
