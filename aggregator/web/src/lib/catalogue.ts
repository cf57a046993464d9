// What every metric means, from the API itself.
import { get } from "./api";
import { useResource } from "./resource";
import type { MetricInfo } from "./schema";

const none: MetricInfo[] = [];

export function useCatalogue(): MetricInfo[] {
  return useResource("catalogue", (signal) => get(["metric-types"], {}, signal)).data ?? none;
}
