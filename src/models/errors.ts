import { quoteJson, TrainyardError } from '../errors.js'
import { maxAliases } from '../spec/model-alias.js'

export const modelNotFound = (name: string, version?: number) =>
  new TrainyardError(
    'MODEL_NOT_FOUND',
    `there is no ${version === undefined ? '' : `version ${version} of `}model ${quoteJson(name)}`,
  )

export function aliasNotFound(
  name: string,
  alias: string,
  known: readonly string[],
  time?: string,
) {
  const when = time === undefined ? '' : ` at ${time}`
  const others = known.length > 0 ? `it has ${known.join(', ')}` : 'it has none'
  return new TrainyardError(
    'ALIAS_NOT_FOUND',
    `model '${name}' has no alias ${quoteJson(alias)}${when}: ${others}; PUT /models/${name}/aliases/ALIAS makes one`,
  )
}

export const aliasTargetGone = (name: string, alias: string, version: number) =>
  new TrainyardError(
    'MODEL_NOT_FOUND',
    `alias '${alias}' of model '${name}' names version ${version}, which is not there: move it with PUT /models/${name}/aliases/${alias}`,
  )

export function aliasChanged(
  name: string,
  alias: string,
  found: number | null,
  expected: number | null,
) {
  const is = found === null ? 'does not exist' : `names version ${found}`
  const wanted = expected === null ? 'it not to exist' : `version ${expected}`
  return new TrainyardError(
    'ALIAS_CHANGED',
    `alias '${alias}' of model '${name}' ${is}, and the request expects ${wanted}: read it again, and decide again`,
  )
}

export const nothingToRollBackTo = (name: string, alias: string) =>
  new TrainyardError(
    'NO_PREVIOUS_VERSION',
    `alias '${alias}' of model '${name}' has named no other version that still exists: name one with PUT /models/${name}/aliases/${alias}`,
  )

export const invalidAlias = (message: string) =>
  new TrainyardError('INVALID_ALIAS', message, {
    errors: [{ path: 'params:/alias', code: 'invalid_name', message }],
  })

export const tooManyAliases = (name: string) =>
  new TrainyardError(
    'TOO_MANY_ALIASES',
    `model '${name}' has ${maxAliases} aliases, as many as it may: delete one first`,
  )

export function versionReferenced(name: string, uses: readonly string[]) {
  return new TrainyardError(
    'MODEL_REFERENCED',
    `of the versions to delete of model '${name}', ${uses.join('; ')}. Move or delete them first, or add moveAliasesTo=VERSION or aliases=delete`,
  )
}

export const aliasInTraffic = (name: string, alias: string, traffic: string) =>
  new TrainyardError(
    'MODEL_REFERENCED',
    `${traffic} of model '${name}' names the alias '${alias}': change it first with PUT or DELETE /models/${name}/traffic`,
  )
