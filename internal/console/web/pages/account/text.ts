import type { account } from "../../text/en/account";

/** The texts of the area, after its load. */
export const text = {} as typeof account;
