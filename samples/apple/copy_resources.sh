#!/bin/sh
# The last build phase: puts the bundle, the head and the native library into the app, and says what is missing.
set -eu

resources="$TARGET_BUILD_DIR/$UNLOCALIZED_RESOURCES_FOLDER_PATH"
for name in bundle head.usdz; do
    if [ -e "$SRCROOT/Resources/$name" ]; then
        # Nothing but the listed files may be in a bundle: what an earlier build left goes first.
        rm -rf "${resources:?}/$name"
        ditto "$SRCROOT/Resources/$name" "$resources/$name"
    else
        echo "warning: samples/apple/Resources/$name is missing: the app will say so; README.md tells how to make it"
    fi
done

frameworks="$TARGET_BUILD_DIR/$FRAMEWORKS_FOLDER_PATH"
mkdir -p "$frameworks"
ditto "$NOWFACE_LIBRARY/libnowface.dylib" "$frameworks/libnowface.dylib"
if [ "${CODE_SIGNING_ALLOWED:-NO}" = YES ]; then
    codesign --force --sign "${EXPANDED_CODE_SIGN_IDENTITY:--}" "$frameworks/libnowface.dylib"
fi
