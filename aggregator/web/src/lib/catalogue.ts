// What every metric means, from the API itself.
import { get } from "./api";
import { useResource } from "./resource";

export interface MetricInfo {
  metric_type: string;
  unit: string;
  label_name: string | null;
  source: string;
  formula: string;
  meaning: string;
}

const none: MetricInfo[] = [];

export function useCatalogue(): MetricInfo[] {
  return useResource("catalogue", (signal) => get<MetricInfo[]>(["metric-types"], {}, signal)).data ?? none;
}
