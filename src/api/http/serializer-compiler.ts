import SerializerSelector, {
  type RouteDefinition,
  type Serializer,
  type SerializerFactory,
} from '@fastify/fast-json-stringify-compiler'

/**
 * Fastify's own compiler of serializers, but equal schemas share one, which is compiled with the first answer:
 * compiling one for each status of each route before the first request takes half of the API's start.
 */
export const buildSharedSerializers: SerializerFactory = (sharedSchemas, options) => {
  const compile = SerializerSelector()(sharedSchemas, options)
  const compiled = new Map<string, Serializer>()
  return (route: RouteDefinition) => {
    const key = JSON.stringify(route.schema)
    return answer => {
      let serialize = compiled.get(key)
      if (!serialize) {
        serialize = compile(route)
        compiled.set(key, serialize)
      }
      return serialize(answer)
    }
  }
}
