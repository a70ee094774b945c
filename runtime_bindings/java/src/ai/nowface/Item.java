package ai.nowface;

/**
 * A named piece of a bundle.
 *
 * @param name as in the manifest
 * @param valueCount number of floats
 */
public record Item(String name, int valueCount) {}
