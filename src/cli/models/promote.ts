import type { Command } from 'commander'
import { missing } from '../../presentation/units.js'
import type { CheckedCondition } from '../../spec/model-alias.js'
import type { Promotion } from '../../spec/model-promotion.js'
import type { Cli } from '../cli.js'
import { parseCount, repeated } from '../option-values.js'
import { formatMetric } from '../terminal/format.js'
import { wrap } from '../terminal/wrap.js'
import { chooseModel } from './version-options.js'

interface PromoteOptions {
  alias: string
  if?: string[]
  reason?: string
}

/** `trainyard models promote`: lets an alias name a version, if conditions hold. */
export function addPromote(group: Command, cli: Cli): void {
  group
    .command('promote')
    .summary('let an alias name a version, if conditions hold')
    .description('Let an alias name a version, if all conditions hold.')
    .argument('<model>', 'its name; digits@staging promotes what another alias names')
    .argument('[version]', 'the version; by default the newest', parseCount)
    .option('--alias <alias>', 'the alias to move', 'production')
    .option(
      '--if <condition>',
      "on a metric or field, such as 'validationAccuracy >= 0.95'; 'validationAccuracy >=' compares with the version that the alias names now; repeat it for more",
      repeated,
    )
    .option('--reason <text>', 'why, for the history')
    .action(async (text: string, version: number | undefined, options: PromoteOptions) => {
      const client = await cli.client()
      const { output } = cli
      const flags = version === undefined ? {} : { modelVersion: version }
      const { model, query } = chooseModel(text, flags)
      const chosen = Object.keys(query).length > 0 ? query : { alias: 'latest' }
      const promotion = await client.models.promote(model, {
        ...chosen,
        to: options.alias,
        if: (options.if ?? []).map(condition => completeCondition(condition, options.alias)),
        ...(options.reason !== undefined && { reason: options.reason }),
      })
      output.result(promotion, each => promotionText(model, each, output.width))
      if (output.isJson) return
      for (const { message } of promotion.notes) output.note(wrap(message, output.width, 'note: '))
    })
}

/** Without a value, a metric is compared with that of the version that the alias names now. */
export function completeCondition(condition: string, alias: string): string {
  const [, field, operator] = /^\s*([\w.]+)\s*(<=|>=|!=|<|>|=)\s*$/.exec(condition) ?? []
  return field === undefined ? condition : `${field} ${operator} ${alias}.${field}`
}

function promotionText(model: string, promotion: Promotion, width: number): string {
  const { alias, version, previous, conditions } = promotion
  const before = previous.at(-1)
  const note = before === undefined || before === version ? '' : ` (before: ${before})`
  return [
    `${model}@${alias} is version ${version}${note}`,
    ...conditions.map(each => wrap(conditionText(each), width, '  ')),
  ].join('\n')
}

const conditionText = ({ condition, holds, value, comparedWith }: CheckedCondition) =>
  `${holds ? 'holds' : 'does not hold'}: ${condition} (${valueText(value)}, ${valueText(comparedWith)})`

const valueText = (value: CheckedCondition['value']) =>
  typeof value === 'number' ? formatMetric(value) : String(value ?? missing)
