import type { doctor } from "../../text/en/doctor";

/** The texts of the area, after its load. */
export const text = {} as typeof doctor;
