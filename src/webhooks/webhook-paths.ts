/** Paths of a webhook's files in the store. */
export const webhookPaths = (id: string) => {
  const root = `webhooks/${id}`
  return {
    root,
    webhook: `${root}/webhook.json`,
    disabled: `${root}/disabled.json`,
    /** One empty marker file for each delivery that is not finished. */
    pending: `${root}/pending`,
    pendingMarker: (delivery: string) => `${root}/pending/${delivery}`,
    deliveries: `${root}/deliveries`,
    delivery: (delivery: string) => {
      const folder = `${root}/deliveries/${delivery}`
      return {
        folder,
        message: `${folder}/message.json`,
        started: (attempt: number) => `${folder}/started-${attempt}.json`,
        finished: (attempt: number) => `${folder}/finished-${attempt}.json`,
      }
    },
  }
}
