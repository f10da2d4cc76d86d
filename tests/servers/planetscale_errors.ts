/** Errors in the words of Vitess, which has them pass through three programs on their way out. */
import type { BackendError } from "./planetscale_backends.ts";
import { sqlInMessage } from "./planetscale_sql.ts";

/** By MySQL's number, as Vitess's tablets sort them. */
const CODES: Readonly<Record<string, readonly number[]>> = {
  AlreadyExists: [1050, 1062, 1086],
  Aborted: [0, 1078, 1080, 1152, 1213],
  DeadlineExceeded: [1205],
  FailedPrecondition: [1046, 1082, 1091, 1223],
  InvalidArgument: [1047, 1048, 1049, 1051, 1052, 1055, 1064, 1065, 1136, 1264, 1292, 1366, 1406],
  NotFound: [1032, 1054, 1109, 1141, 1146, 1176],
  PermissionDenied: [1044, 1045, 1095, 1142, 1143, 1227],
  ResourceExhausted: [1021, 1037, 1038, 1040, 1041, 1114, 1153, 1203, 1206],
  Unavailable: [2002, 2006, 2013],
};

function codeOf(errno: number): string {
  return Object.keys(CODES).find((code) => CODES[code]?.includes(errno)) ?? "Unknown";
}

export interface VitessError {
  readonly code: string;
  readonly message: string;
}

export interface ErrorOptions {
  readonly keyspace: string;
  readonly callerId: string;
  /** Tell the code of the tablet, which the live service does not. */
  readonly errorCodes: boolean;
}

/** An error from below. */
export function tabletError(error: BackendError, sql: string, options: ErrorOptions): VitessError {
  const { keyspace, callerId, errorCodes } = options;
  const { errno, sqlState, message } = error;
  const code = codeOf(errno);
  const where = `target: ${keyspace}.-.primary: vttablet: rpc error: code = ${code}`;
  const number = errno === 0 ? "" : ` (errno ${errno}) (sqlstate ${sqlState})`;
  const what = `desc = ${message}${number} (CallerID: ${callerId})`;
  return {
    code: errorCodes ? code.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase() : "UNKNOWN",
    message: `${where} ${what}: ${sqlInMessage(sql)}`,
  };
}

/** An error of the gateway's own, which had no need to ask below. */
export function gatewayError(message: string): VitessError {
  return { code: "UNKNOWN", message };
}
