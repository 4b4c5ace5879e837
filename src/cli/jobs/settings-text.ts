import { flatSettings } from '../../presentation/settings.js'

/** `steps=300 batchSize=64 optimizer.kind=adam`. */
export const settingsText = (object: object): string =>
  [...flatSettings(object)].map(([path, value]) => `${path}=${value}`).join(' ')
