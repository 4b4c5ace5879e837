import { closestMatch } from 'leven'
import { executorSettingNames } from './executor-settings.js'

/** Every setting. The README describes them. */
export const settingNames = [
  'REDIS_URL',
  'TRAINYARD_ALLOWED_HOSTS',
  'TRAINYARD_CHECKPOINT_DAYS',
  'TRAINYARD_CORS_ORIGINS',
  'TRAINYARD_DATA',
  'TRAINYARD_DATA_ROOTS',
  'TRAINYARD_FAILPOINTS',
  'TRAINYARD_FETCH_ALLOW',
  'TRAINYARD_GRPC_PORT',
  'TRAINYARD_HOST',
  'TRAINYARD_KEY',
  'TRAINYARD_KEY_FILE',
  'TRAINYARD_LABELS',
  'TRAINYARD_LOCK_MS',
  'TRAINYARD_LOG_LEVEL',
  'TRAINYARD_MEMORY',
  'TRAINYARD_PINNED_MODELS',
  'TRAINYARD_PORT',
  'TRAINYARD_PREDICTION_WAIT_MS',
  'TRAINYARD_PREDICTORS',
  'TRAINYARD_PREDICTOR_MEMORY',
  'TRAINYARD_PREDICTOR_THREADS',
  'TRAINYARD_PUBLIC_URL',
  'TRAINYARD_REDIS_CA',
  'TRAINYARD_REDIS_PREFIX',
  'TRAINYARD_REDIS_SENTINELS',
  'TRAINYARD_REDIS_SENTINEL_PASSWORD',
  'TRAINYARD_SERVING_RUNTIME',
  'TRAINYARD_SLOTS',
  'TRAINYARD_SPARE_TRAINERS',
  'TRAINYARD_STORE',
  'TRAINYARD_STORE_CACHE',
  'TRAINYARD_TRAINING_KERNELS',
  'TRAINYARD_TRUSTED_PROXIES',
  'TRAINYARD_WEBHOOKS',
  ...executorSettingNames,
  // read by the command line
  'TRAINYARD_URL',
  // read by set-up (scripts/setup)
  'TRAINYARD_ENGINE',
  'TRAINYARD_LIBTENSORFLOW',
] as const

export const isSetting = (name: string) => (settingNames as readonly string[]).includes(name)

export const closestSetting = (name: string): string => closestMatch(name, [...settingNames])!
