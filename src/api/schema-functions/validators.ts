import { createRequire } from 'node:module'
import type { Ajv, Options, ValidateFunction } from 'ajv'
import type standaloneCode from 'ajv/dist/standalone/index.js'
import type { SchemaCompiler } from './schema-functions.js'

// Loaded if a schema must be compiled: a server whose functions are generated never does.
const require = createRequire(import.meta.url)
const { version } = require('ajv/package.json') as { version: string }

function compilerWith(chosen: Options): SchemaCompiler<ValidateFunction> {
  // verbose: messages show the value; allErrors: every bad field is reported
  const options = {
    ...{ allErrors: true, verbose: true, removeAdditional: false, strict: false },
    ...chosen,
  }
  const open = (more?: Options): Ajv => {
    const library = require('ajv') as { Ajv: typeof Ajv }
    return new library.Ajv({ ...options, ...more })
  }
  let ajv: Ajv | undefined
  return {
    id: JSON.stringify(['ajv', version, options]),
    require,
    compile(schema) {
      ajv ??= open()
      return ajv.compile(schema)
    },
    generate(schema) {
      const library = require('ajv/dist/standalone') as { default: typeof standaloneCode.default }
      const source = open({ code: { source: true } })
      return library.default(source, source.compile(schema))
    },
  }
}

/** Fills in no defaults: a field that a body omits has a meaning of its own. */
export const bodyValidators = compilerWith({
  // 1e400 is read as Infinity, which is no number
  strictNumbers: true,
  coerceTypes: false,
  useDefaults: false,
})

/**
 * All values in a URL are text. With strictNumbers, a text that becomes Infinity would pass every check; without,
 * it is above the maximum.
 */
export const urlValidators = compilerWith({ coerceTypes: true, useDefaults: true })
