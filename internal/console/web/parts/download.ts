import { address, read, type Operation } from "../api/call";

/** Saves what an operation answers as a file. Throws Problem. */
export async function download<In extends object>(
	op: Operation<In, undefined, undefined>,
	params: In,
	name: string,
): Promise<void> {
	let response = await fetch(address(op, params)).catch(() => null);
	if (!response?.ok) {
		// This asks for a proof if one is missing, and throws what the refusal was.
		await read(op, params);
		response = await fetch(address(op, params));
	}
	const link = document.createElement("a");
	link.href = URL.createObjectURL(await response.blob());
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
