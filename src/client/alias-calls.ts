import type { Static } from 'typebox'
import type {
  AliasHistory,
  AliasQuery,
  AliasRequest,
  ModelAlias,
  ModelAliases,
  RollbackRequest,
} from '../spec/model-alias.js'
import {
  type Caller,
  type CallOptions,
  jsonBody,
  pathOf,
  type Query,
  type QueryOf,
  withQuery,
} from './caller.js'

export class AliasCalls {
  constructor(private readonly caller: Caller) {}

  list(model: string, options?: CallOptions): Promise<ModelAliases> {
    return this.caller.json<ModelAliases>('GET', pathOf`/models/${model}/aliases`, options)
  }

  get(
    model: string,
    alias: string,
    query: QueryOf<Static<typeof AliasQuery>> = {},
    options?: CallOptions,
  ): Promise<ModelAlias> {
    const path = withQuery(aliasPath(model, alias), query)
    return this.caller.json<ModelAlias>('GET', path, options)
  }

  put(
    model: string,
    alias: string,
    request: AliasRequest,
    options?: CallOptions,
  ): Promise<ModelAlias> {
    const body = jsonBody(request)
    return this.caller.json<ModelAlias>('PUT', aliasPath(model, alias), { ...options, ...body })
  }

  async delete(
    model: string,
    alias: string,
    query: { reason?: string } = {},
    options?: CallOptions,
  ): Promise<void> {
    await this.caller.request('DELETE', withQuery(aliasPath(model, alias), query), options)
  }

  /** Names the version again that the alias named before. */
  rollBack(
    model: string,
    alias: string,
    request: RollbackRequest = {},
    options?: CallOptions,
  ): Promise<ModelAlias> {
    const path = `${aliasPath(model, alias)}/rollback`
    return this.caller.json<ModelAlias>('POST', path, { ...options, ...jsonBody(request) })
  }

  history(
    model: string,
    alias: string,
    query: Query = {},
    options?: CallOptions,
  ): Promise<AliasHistory> {
    const path = withQuery(`${aliasPath(model, alias)}/history`, query)
    return this.caller.json<AliasHistory>('GET', path, options)
  }
}

const aliasPath = (model: string, alias: string) => pathOf`/models/${model}/aliases/${alias}`
