/** One metric, independent of the backend. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly description: string;
  /** Unit in UCUM, as in OpenTelemetry. */
  readonly unit: string;
  /** Each label has few values, and clients cannot choose them. A room id is therefore never a label. */
  readonly labels: readonly MetricLabel[];
  /** `false` for a gauge whose values do not add up over processes. Default `true`. */
  readonly isSum?: boolean;
}

export type MetricLabel = 'service' | 'handler' | 'kind' | 'code' | 'fault' | 'reason' | 'operation' | 'outcome';
