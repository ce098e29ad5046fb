import { read, type Operation } from "../api/call";

/** Saves what an operation answers as a file. Throws Problem. */
export async function download<In extends object>(
	op: Operation<In, undefined, unknown>,
	params: In,
	name: string,
): Promise<void> {
	const { data } = await read(op, params, { isFile: true });
	const link = document.createElement("a");
	link.href = URL.createObjectURL(data as Blob);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
