import SerializerSelector, {
  type RouteDefinition,
  type Serializer,
  type SerializerFactory,
} from '@fastify/fast-json-stringify-compiler'

/**
 * Fastify's own compiler of serializers, but equal schemas share one, which is compiled after the start:
 * compiling one for each status of each route before the first request takes half of the API's start.
 */
export class SharedSerializers {
  private readonly waiting: (() => void)[] = []

  /** For Fastify's option `schemaController`. */
  readonly build: SerializerFactory = (sharedSchemas, options) => {
    const compile = SerializerSelector()(sharedSchemas, options)
    const compiled = new Map<string, Serializer>()
    const serializerOf = (key: string, route: RouteDefinition) => {
      const serialize = compiled.get(key) ?? compile(route)
      compiled.set(key, serialize)
      return serialize
    }
    return route => {
      const key = JSON.stringify(route.schema)
      this.waiting.push(() => void serializerOf(key, route))
      return answer => serializerOf(key, route)(answer)
    }
  }

  /** Compiles what no answer has needed yet, one in each turn of the event loop: each takes up to 50 ms. */
  compileRest(): void {
    const next = this.waiting.shift()
    if (!next) return
    next()
    setImmediate(() => this.compileRest())
  }
}
