import type { admin } from "../../text/en/admin";

/** The texts of the area, after its load. */
export const text = {} as typeof admin;
