/// Programs against the Java SDK, compiled and run by the tests.
@NullMarked
package dev.terroir.examples;

import org.jspecify.annotations.NullMarked;
