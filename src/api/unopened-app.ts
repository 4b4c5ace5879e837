import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { type AppDeps, buildApp } from './app.js'

/** Stands for a part, and for all that it has: routes pick from parts when they are registered. */
const part = new Proxy(() => {}, {
  get: (_target, name): unknown => (typeof name === 'string' && name !== 'then' ? part : undefined),
  apply(): never {
    throw new Error('a route calls a part when it is registered: use the hook onListen')
  },
})

/** The API with all its routes and schemas, without a data folder and Redis: it can answer no request. */
export async function buildUnopenedApp(): Promise<FastifyInstance> {
  const parts = {
    ...{
      disk: part,
      jobs: part,
      datasets: part,
      previews: part,
      exports: part,
      modelExports: part,
      imports: part,
    },
    ...{ sources: part, models: part, modelRecords: part, router: part, versionUse: part },
    ...{
      weights: part,
      predictor: part,
      statistics: part,
      watch: part,
      rowPredictor: part,
      explainer: part,
      webhooks: part,
      changes: part,
    },
    ...{ keys: part, damage: part, retention: part, checkpoints: part },
  } satisfies Record<Exclude<keyof AppDeps, 'dataFolder' | 'log' | Optional>, unknown>
  const log = pino({ level: 'silent' })
  const app = await buildApp({ ...(parts as unknown as AppDeps), dataFolder: '/', log })
  await app.ready()
  return app
}

type Optional = 'limits' | 'access' | 'restarts' | 'grpc'
