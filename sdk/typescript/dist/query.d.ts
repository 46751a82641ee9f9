import type { Client } from './generated/client/index.js';
import { type NewQuery, type QueryStatistics } from './generated/index.js';
export interface QueryOptions extends NewQuery {
    /** Seconds after which the query is given up and stopped; none when absent. */
    timeout?: number;
    /** Gives the query up, and stops it. */
    signal?: AbortSignal;
}
/** What a query found. */
export interface QueryResult {
    queryId: string;
    /** Values by column, all of them texts. */
    rows: Array<Record<string, string>>;
    statistics: QueryStatistics | undefined;
    estimatedCostUsd: number | undefined;
}
/** Starts the query, waits for its end, and gives all its rows. */
export declare function query(client: Client, options: QueryOptions): Promise<QueryResult>;
