// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ReentryProbe
/// @notice Makes one armed call at a hostile moment and records its result in one storage slot, so that the record fits
/// a small gas allowance.
abstract contract ReentryProbe {
    struct Record {
        uint32 remaining;
        uint32 attempts;
        uint32 successes;
        bytes4 reason;
        bool inside;
        // The flag keeps the slot non-zero, because a zero to non-zero write would not fit a 30,000 gas stipend.
        bool used;
    }

    address public target;
    bytes public payload;
    uint256 public callValue;
    Record public record;

    /// @notice Arms the next `times` hooks to call `target_` with `payload_` and `callValue_` wei.
    function arm(address target_, bytes calldata payload_, uint256 callValue_, uint32 times) public {
        target = target_;
        payload = payload_;
        callValue = callValue_;
        record = Record({remaining: times, attempts: 0, successes: 0, reason: 0, inside: false, used: true});
    }

    function arm(address target_, bytes calldata payload_) external {
        arm(target_, payload_, 0, 1);
    }

    function attempts() external view returns (uint256) {
        return record.attempts;
    }

    /// @notice Returns true if any attempted call succeeded.
    function succeeded() external view returns (bool) {
        return record.successes != 0;
    }

    /// @notice Returns the first four bytes of the last failed attempt (the error selector).
    function lastReason() external view returns (bytes4) {
        return record.reason;
    }

    function _probe() internal {
        Record memory entry = record;
        if (entry.remaining == 0 || entry.inside) return;
        entry.remaining -= 1;
        entry.attempts += 1;
        entry.inside = true;
        record = entry;
        (bool ok, bytes memory result) = target.call{value: callValue}(payload);
        entry.inside = false;
        if (ok) entry.successes += 1;
        entry.reason = ok || result.length < 4 ? bytes4(0) : bytes4(result);
        record = entry;
    }
}
