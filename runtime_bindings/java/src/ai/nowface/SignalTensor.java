package ai.nowface;

import java.util.List;

/**
 * A tensor of a signal.
 *
 * @param name as in the manifest
 * @param shape its dimensions; the floats lie row by row
 * @param valueCount number of floats
 */
public record SignalTensor(String name, List<Integer> shape, int valueCount) {}
