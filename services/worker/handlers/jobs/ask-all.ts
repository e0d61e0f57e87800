/**
 * Asks several services at once. Who does not answer does not keep the others from being heard.
 * @returns the answers, and for each service that gave none its name and why
 */
export async function askAll<S extends string, R>(
  services: readonly S[],
  ask: (service: S) => Promise<R>,
): Promise<{ answers: R[]; silent: string[] }> {
  const results = await Promise.allSettled(services.map(ask));
  return {
    answers: results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])),
    silent: results.flatMap((result, index) =>
      result.status === "rejected" ? [`${services[index]} (${result.reason})`] : [],
    ),
  };
}
