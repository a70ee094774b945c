import ai.nowface.Status;

/** Prints each status: code, name, whether it is an error. */
public final class Statuses {
    public static void main(String[] arguments) {
        for (Status status : Status.values()) {
            System.out.println(status.code() + " " + status + " " + status.isError());
        }
    }
}
