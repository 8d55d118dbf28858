/** A flag's value that must be a whole number within bounds: a typing error is told, not rounded. */
export function wholeNumber(min: number, max: number): (input: string) => number {
  return (input) => {
    const value = Number(input);
    if (input.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
      throw new Error(`expected a whole number from ${min} to ${max}`);
    }
    return value;
  };
}
