import { FieldErrors, joinMessages, TrainyardError } from '../../errors.js'
import type { CheckedCondition } from '../../spec/model-alias.js'
import type { Promotion, PromotionRequest } from '../../spec/model-promotion.js'
import { Notes } from '../../spec/notes.js'
import type { ChangeAuthor, ModelAliases } from './model-aliases.js'
import type { ModelCatalog } from './model-catalog.js'
import { aliasIn, type ModelJournal } from './model-journal.js'
import { checkCondition, type PromotionCondition, parseCondition } from './promotion-condition.js'

export interface PromotionsDeps {
  catalog: Pick<ModelCatalog, 'get'>
  aliases: Pick<ModelAliases, 'promote' | 'get'>
  journal: Pick<ModelJournal, 'references'>
}

type View = Awaited<ReturnType<ModelCatalog['get']>>

/** Moves aliases if conditions hold. */
export class Promotions {
  constructor(private readonly deps: PromotionsDeps) {}

  /**
   * Throws INVALID_PROMOTION for conditions that cannot be read, PROMOTION_REFUSED with both values of those that do
   * not hold, ALIAS_NOT_FOUND, and ALIAS_CHANGED if the alias was moved while they were checked.
   */
  async promote(
    name: string,
    { version, alias, to, if: texts = [] }: PromotionRequest,
    author: ChangeAuthor,
  ): Promise<Promotion> {
    const conditions = parseAll(texts, (version === undefined) === (alias === undefined))
    const { catalog, aliases, journal } = this.deps
    const candidate = await catalog.get({ name, version, alias })
    const from = aliasIn((await journal.references(name)).aliases, to)?.version ?? null
    const others = new Map<string, View | null>()
    for (const { operand } of conditions) {
      if (operand.kind === 'literal' || others.has(operand.alias)) continue
      // the first promotion has nothing to compare with; any other alias that is not there is a typing error
      const isFirst = operand.alias === to && from === null
      others.set(operand.alias, isFirst ? null : await catalog.get({ name, alias: operand.alias }))
    }
    const otherOf = ({ operand }: PromotionCondition) =>
      operand.kind === 'literal' ? null : others.get(operand.alias)!
    const checked = conditions.map(each => checkCondition(each, candidate, otherOf(each)))
    refuseIfAnyFails(conditions, checked, candidate, otherOf)
    const promotion = { version: candidate.version, from, conditions: checked }
    const moved = await aliases.promote(name, to, promotion, author)
    return { ...moved, conditions: checked, notes: notesOf(candidate, to, conditions, others) }
  }
}

function parseAll(texts: readonly string[], isAmbiguous: boolean): PromotionCondition[] {
  const errors = new FieldErrors()
  if (isAmbiguous)
    errors.add('', 'contradiction', 'give one of version and alias: which version is promoted')
  const conditions = texts.flatMap((text, i) => {
    const parsed = parseCondition(text)
    if (typeof parsed !== 'string') return [parsed]
    errors.add(`/if/${i}`, 'invalid_format', parsed)
    return []
  })
  errors.throwIfAny('INVALID_PROMOTION')
  return conditions
}

function refuseIfAnyFails(
  conditions: readonly PromotionCondition[],
  checked: readonly CheckedCondition[],
  candidate: View,
  otherOf: (condition: PromotionCondition) => View | null,
): void {
  const errors = checked.flatMap(({ condition, holds, value, comparedWith }, i) => {
    if (holds) return []
    const other = otherOf(conditions[i]!)
    const { operand } = conditions[i]!
    const where =
      operand.kind === 'literal' ? '' : ` of '${operand.alias}', version ${other?.version}`
    const message = `'${condition}' does not hold: it is ${shown(value)} of version ${candidate.version}, and ${shown(comparedWith)}${where}`
    return [{ path: `/if/${i}`, code: 'condition_failed' as const, message }]
  })
  if (errors.length > 0)
    throw new TrainyardError('PROMOTION_REFUSED', joinMessages(errors), { errors })
}

const shown = (value: unknown) => (value === null ? 'not there' : JSON.stringify(value))

function notesOf(
  candidate: View,
  to: string,
  conditions: readonly PromotionCondition[],
  others: ReadonlyMap<string, View | null>,
) {
  const notes = new Notes()
  if (others.get(to) === null) {
    const message = `'${to}' named no version yet, so conditions that compare with it were not checked`
    notes.add('nothing_to_compare', message)
  }
  const comparesMetrics = (alias: string) =>
    conditions.some(
      ({ path, operand }) =>
        operand.kind === 'field' && operand.alias === alias && path.startsWith('metrics.'),
    )
  for (const [alias, other] of others) {
    if (!other || other.dataset.id === candidate.dataset.id || !comparesMetrics(alias)) continue
    const message = `version ${candidate.version} was trained on data set ${candidate.dataset.id} (${candidate.dataset.name}), '${alias}' on ${other.dataset.id} (${other.dataset.name}): their metrics may be of other validation data`
    notes.add('metrics_of_other_data', message)
  }
  return notes.all
}
