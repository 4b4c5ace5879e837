/** Where a webhook's things are in the store. */
export const webhookKeys = (id: string) => {
  const root = `webhooks/${id}`
  return {
    root,
    webhook: `${root}/webhook.json`,
    disabled: `${root}/disabled.json`,
    /** Names of the deliveries that are not over. */
    pending: `${root}/pending`,
    mark: (delivery: string) => `${root}/pending/${delivery}`,
    deliveries: `${root}/deliveries`,
    delivery: (delivery: string) => {
      const folder = `${root}/deliveries/${delivery}`
      return {
        folder,
        message: `${folder}/message.json`,
        begun: (attempt: number) => `${folder}/begun-${attempt}.json`,
        ended: (attempt: number) => `${folder}/ended-${attempt}.json`,
      }
    },
  }
}
