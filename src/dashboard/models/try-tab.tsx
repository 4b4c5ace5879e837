import { isBoosting, type NetworkView } from './model-words.js'
import { TryImage } from './try/try-image.js'
import { TryRow } from './try/try-row.js'
import type { ModelTabProps } from './use-model.js'

/** Predicts with the version that is shown, and says why it predicts that. */
export const TryTab = ({ model }: ModelTabProps) => (
  <div class="stack">
    {isBoosting(model) ? <TryRow model={model} /> : <TryImage model={model as NetworkView} />}
    <p class="faint">
      Predictions of this page count in the drift report, as those of all other clients do.
    </p>
  </div>
)
