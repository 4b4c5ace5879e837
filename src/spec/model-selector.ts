import { type Static, Type } from 'typebox'
import type { Name } from './identifiers.js'

const aliasName = /^[a-z][a-z0-9_-]{0,62}$/
export const AliasName = Type.String({
  pattern: aliasName.source,
  description:
    "lower-case letters, digits, dash and underscore, a letter first; at most 63 characters. `default` is what the model's bare name serves; `latest` always names the newest version and cannot be set",
})
export type AliasName = Static<typeof AliasName>

/** The alias that a bare name serves, if it exists. */
export const defaultAlias = 'default'
/** The newest version, whatever the other aliases name. */
export const latestAlias = 'latest'

/** Why a text cannot be the name of an alias; null if it can. */
export function aliasProblem(alias: string): string | null {
  if (alias === latestAlias)
    return "'latest' always names the newest version and cannot be set: choose another alias"
  if (/^v?\d+$/.test(alias))
    return `'${alias.slice(0, 63)}' reads like a version: choose an alias that says what the version is for, such as production`
  if (!aliasName.test(alias))
    return 'an alias has lower-case letters, digits, dash and underscore, a letter first, at most 63 characters: choose such a name, for example production'
  return null
}

export const VersionNumber = Type.Integer({ minimum: 1, maximum: 2 ** 31 })

/** Which version of a model a client asks for; by default the one that the bare name serves. */
export interface ModelSelector {
  name: Static<typeof Name>
  version?: number | undefined
  alias?: AliasName | undefined
}

/** Versions are texts in the Open Inference Protocol, so that one may be an alias, too. Empty or absent: none. */
export function selectorOfVersion(name: string, version = ''): ModelSelector {
  if (version === '') return { name }
  return /^[1-9]\d{0,8}$/.test(version)
    ? { name, version: Number(version) }
    : { name, alias: version }
}
