import { createRequire } from 'node:module'
import type {
  Options,
  RouteDefinition,
  Serializer,
  SerializerFactory,
} from '@fastify/fast-json-stringify-compiler'
import type { FastifyInstance } from 'fastify'
import { digest, type SchemaCompiler, schemaFunction, schemaFunctions } from './schema-functions.js'

// Loaded if a schema must be compiled: a server whose functions are generated never does.
const requireCompiler = createRequire(import.meta.url)
const compilerPackage = '@fastify/fast-json-stringify-compiler'
/** As if from inside fast-json-stringify, whose parts the generated functions use. */
const require = createRequire(
  createRequire(requireCompiler.resolve(compilerPackage)).resolve('fast-json-stringify'),
)
const versions = ['fast-json-stringify', 'ajv', 'ajv-formats'].map(name => {
  const { version } = require(`${name}/package.json`) as { version: string }
  return `${name} ${version}`
})

type SharedSchemas = Readonly<Record<string, object>>

/** Fastify's own compiler of serializers. What it compiles depends on Node's version, too. */
function compilerWith(shared: SharedSchemas, options: Options = {}): SchemaCompiler<Serializer> {
  const compileWith = (more: Options, schema: object) => {
    const { SerializerSelector } = requireCompiler(compilerPackage) as {
      SerializerSelector: () => SerializerFactory
    }
    const compile = SerializerSelector()(shared, { ...options, ...more })
    return compile({ schema } as unknown as RouteDefinition)
  }
  const ids = Object.values(shared).map(digestOf)
  return {
    id: JSON.stringify([versions, process.version, options, ids]),
    require,
    compile: schema => compileWith({}, schema),
    generate: schema =>
      compileWith({ mode: 'standalone', inlineValidators: true }, schema) as unknown as string,
  }
}

/** Each plugin of Fastify asks for a compiler with the same schemas. */
const digests = new WeakMap<object, string>()
function digestOf(schema: object): string {
  const known = digests.get(schema) ?? digest('', schema)
  digests.set(schema, known)
  return known
}

/** For Fastify's option `schemaController`. Serializers are made at the first answer, or by `makeRest`. */
export const buildSerializer: SerializerFactory = (shared = {}, options) => {
  const compiler = compilerWith(shared as SharedSchemas, options)
  return ({ schema }) => {
    const serializer = schemaFunction(compiler, schema as object)
    return answer => serializer.get()(answer)
  }
}

/** By then the first requests, which loading all functions would delay by half a second, have been answered. */
const restAfterMs = 10_000

/** Of the event loop, so that requests hardly wait: all together take half a second. */
const shareOfLoop = 0.1

/** Makes what no request of the first seconds has needed. A server that ends before does not need it. */
export function makeRestLater(app: FastifyInstance): void {
  let timer: NodeJS.Timeout | undefined
  const makeNext = () => {
    const next = schemaFunctions().find(each => !each.isMade)
    if (!next) return
    const since = performance.now()
    next.get()
    timer = setTimeout(makeNext, (performance.now() - since) * (1 / shareOfLoop - 1))
  }
  app.addHook('onListen', async () => {
    timer = setTimeout(makeNext, restAfterMs)
  })
  app.addHook('onClose', async () => clearTimeout(timer))
}
