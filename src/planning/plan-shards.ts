import type { FieldErrors } from '../errors.js'
import { fitsDevices, maxShards, type Places, placesAtOnce } from '../spec/shards.js'
import type { TrainingPlan } from '../spec/training-options.js'

/** Adds an error for each option that does not fit the micro-batches of a job. */
export function checkShards(plan: TrainingPlan, places: Places, errors: FieldErrors): void {
  const { shards = 1, batchSize, accumulateSteps, augment } = plan
  const atOnce = placesAtOnce(places)
  checkPlaces(shards, places, atOnce > maxShards ? '' : `, or ${atOnce} shards`, errors)
  if (shards === 1) return
  if (batchSize % shards !== 0) {
    const fitting = [Math.floor(batchSize / shards), Math.ceil(batchSize / shards)]
      .filter(size => size > 0)
      .map(size => size * shards)
    const message = `a batch of ${batchSize} images cannot be divided into ${shards} equal shards; take ${listOf(fitting)}`
    errors.add('/training/batchSize', 'contradiction', message)
  }
  if (accumulateSteps > 1) {
    const message = `accumulateSteps is ${accumulateSteps}, but shards divide a batch in the same way; raise batchSize and shards by this factor instead`
    errors.add('/training/accumulateSteps', 'contradiction', message)
  }
  if (augment.mixup > 0 && batchSize === shards) {
    const message = `mixup mixes the images of a shard, but each of the ${shards} shards has one; raise batchSize`
    errors.add('/training/augment/mixup', 'contradiction', message)
  }
}

/** Adds an error for numbers of workers and devices that cannot add up the shards. `cure` follows what would fit. */
export function checkPlaces(
  shards: number,
  { workers, devices }: Places,
  cure: string,
  errors: FieldErrors,
): void {
  if (fitsDevices(shards, placesAtOnce({ workers, devices }))) return
  const fitting = listOf(fittingDevices(shards))
  if (workers === 1) {
    const message = `${shards} shards cannot be added up in one order on ${devices} devices; take ${fitting} devices${cure}`
    errors.add('/resources/devices', 'contradiction', message)
  } else {
    const each = devices === 1 ? '' : ` with ${devices} devices each`
    const message = `${shards} shards cannot be added up in one order by ${workers} workers${each}; take workers and devices whose product is ${fitting}${cure}`
    errors.add('/resources/workers', 'contradiction', message)
  }
}

const fittingDevices = (shards: number): number[] =>
  Array.from({ length: shards }, (_, i) => i + 1).filter(devices => fitsDevices(shards, devices))

const listOf = (values: readonly number[]): string =>
  values.length === 1 ? `${values[0]}` : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
