import { type Static, Type } from 'typebox'
import { changeFields, Reason } from './model-alias.js'
import { AliasName, VersionNumber } from './model-selector.js'
import { nullable } from './nullable.js'
import { strictObject } from './strict-object.js'

/** Most entries of a split, and of the shadows beside it. */
export const maxShares = 16

const target = {
  version: Type.Optional(VersionNumber),
  alias: Type.Optional(AliasName),
}

export const TrafficShare = strictObject({
  ...target,
  weight: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    description: 'its part of the sum of all weights; 0 for none',
  }),
})
export type TrafficShare = Static<typeof TrafficShare>

export const ShadowShare = strictObject({
  ...target,
  fraction: Type.Number({
    exclusiveMinimum: 0,
    maximum: 1,
    description: 'of the requests, for how many this version predicts too',
  }),
})
export type ShadowShare = Static<typeof ShadowShare>

const HeaderName = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
  description:
    'name of a request header, in lower case: requests with the same value of it get the same version; the others are split by a counter',
})

const policy = {
  split: Type.Array(TrafficShare, {
    maxItems: maxShares,
    description:
      'versions or aliases (one of both each) and their weights; empty: all requests go where they would without a split',
  }),
  shadow: Type.Array(ShadowShare, {
    maxItems: maxShares,
    description:
      'versions or aliases that predict as well, for a part of the requests; their answers are compared and counted, never returned',
  }),
}

/** How requests are spread, as it is stored. */
export const TrafficPolicy = Type.Object({
  ...policy,
  stickyHeader: nullable(HeaderName),
  ...changeFields,
})
export type TrafficPolicy = Static<typeof TrafficPolicy>

export const TrafficRequest = strictObject({
  alias: Type.Optional({
    ...AliasName,
    description: 'for requests of this alias; if absent, for those of the bare name',
  }),
  split: Type.Optional(policy.split),
  shadow: Type.Optional(policy.shadow),
  stickyHeader: Type.Optional(nullable(HeaderName)),
  reason: Type.Optional(Reason),
})
export type TrafficRequest = Static<typeof TrafficRequest>

export const ShadowCounts = Type.Object({
  compared: Type.Integer({ description: 'requests whose answers were compared' }),
  instances: Type.Integer({ description: 'images or rows of them' }),
  different: Type.Integer({
    description:
      'of these, those with another predicted class or, without classes, with another value, beyond rounding',
  }),
  maxDifference: nullable(
    Type.Number(),
    'the largest difference of a probability or value; null if nothing was compared, or the classes are others',
  ),
  dropped: Type.Integer({ description: 'requests not predicted, for the server was busy' }),
  failed: Type.Integer({ description: 'requests whose prediction failed' }),
  incomparable: Type.Integer({
    description:
      'requests not predicted, for the version takes other input, or is the one that answered',
  }),
})
export type ShadowCounts = Static<typeof ShadowCounts>

export const Traffic = Type.Object({
  alias: nullable(AliasName, 'null for the bare name'),
  split: policy.split,
  shadow: policy.shadow,
  stickyHeader: nullable(HeaderName),
  set: nullable(Type.Object(changeFields), 'null if nothing is set'),
  requests: Type.Array(Type.Object({ version: Type.Integer(), requests: Type.Integer() }), {
    description:
      'answered requests by version, as this process has counted since it started or since the split was set',
  }),
  shadows: Type.Array(Type.Object({ version: Type.Integer(), ...ShadowCounts.properties }), {
    description: 'comparisons by version, counted like `requests`',
  }),
})
export type Traffic = Static<typeof Traffic>

export const TrafficQuery = strictObject({
  alias: Type.Optional({ ...AliasName, description: 'of this alias; if absent, of the bare name' }),
})
