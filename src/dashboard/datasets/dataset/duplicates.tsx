import { formatCount } from '../../../presentation/units.js'
import type { ImageDuplicates } from '../../../spec/dataset.js'
import { Card } from '../../ui/parts.js'

type Groups = ImageDuplicates['exact']

/** Images that are in the data set twice or nearly so. Across splits, they make a model look better than it is. */
export const Duplicates = ({ of: { exact, near } }: { of: ImageDuplicates }) => (
  <Card title="Duplicates">
    <GroupsOf what="equal pixels" groups={exact} />
    {near ? (
      <GroupsOf what="nearly the same look" groups={near} />
    ) : (
      <p class="soft">
        Images that are nearly the same were not searched: these are too small or too many.
      </p>
    )}
  </Card>
)

function GroupsOf({ what, groups }: { what: string; groups: Groups }) {
  if (groups.groups === 0) return <p>No images with {what}.</p>
  const { images, acrossSplits, examples } = groups
  return (
    <div class="stack">
      <p>
        {formatCount(images)} images with {what}, in {formatCount(groups.groups)} groups
        {acrossSplits > 0 && (
          <strong class="warning-text">
            , {formatCount(acrossSplits)} of them across splits: a model is tested on what it has
            learned
          </strong>
        )}
        .
      </p>
      {examples.length > 0 && (
        <details>
          <summary>Examples</summary>
          <ul class="mono">
            {examples.map(sources => (
              <li key={sources.join('\n')}>{sources.join(' = ')}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}
