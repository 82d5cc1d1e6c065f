// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Prover} from "./Prover.sol";
import {RollupCode} from "./generated/RollupCode.sol";
import {IRollup} from "@layer2/interfaces/IRollup.sol";
import {IRollupTypes} from "@layer2/interfaces/IRollupTypes.sol";

/// @title Finality and claims of withdrawals in ether: any records, any second, any numbers
contract RollupMoneyTest is Prover {
    address private constant PROPOSER = address(0x9909);
    address private constant TARGET = address(0x7A6E7);
    uint128 private constant BOND = 1 ether;
    uint40 private constant WINDOW = 1 days;
    uint256 private constant DEPTH = 17;

    IRollup private rollup;

    struct Standing {
        uint40 createdAt;
        uint8 status;
        uint8 parentStatus;
        bool frozen;
        uint64 finalEnd;
    }

    function setUp() public {
        IRollupTypes.Config memory config = IRollupTypes.Config(address(0x5E9), 1 days, 600, WINDOW, 7 days, 2, BOND);
        address[] memory judges = new address[](0);
        rollup =
            IRollup(deploy(RollupCode.creation(), abi.encode(config, judges, address(0x7013E), bytes32(uint256(1)))));
    }

    // --------------------------------------------------------------------------------------------------- finalize

    function check_finalize_needs_a_standing_parent_and_the_whole_window(
        IRollupTypes.Assertion memory claim,
        Standing memory standing,
        uint40 time
    ) external {
        if (!_finalize(claim, standing, time)) return;
        assert(standing.status == uint8(IRollupTypes.Status.Open));
        assert(
            standing.parentStatus == uint8(IRollupTypes.Status.Final)
                || (standing.frozen && standing.parentStatus == uint8(IRollupTypes.Status.Released))
        );
        assert(time > uint256(standing.createdAt) + WINDOW);
    }

    function check_finalize_frees_one_bond_and_never_ends_the_truth_early(
        IRollupTypes.Assertion memory claim,
        Standing memory standing,
        uint40 time
    ) external {
        (bytes32 before,) = rollup.finality();
        if (!_finalize(claim, standing, time)) return;
        assert(_bond(PROPOSER) == BOND && _bond(STRANGER) == 0);
        (,, IRollupTypes.Status status) = rollup.assertion(_id(claim));
        assert(status == (standing.frozen ? IRollupTypes.Status.Released : IRollupTypes.Status.Final));
        (bytes32 after_,) = rollup.finality();
        assert(after_ == (standing.frozen || claim.inboxEnd <= standing.finalEnd ? before : _id(claim)));
    }

    function check_finalize_works_once(
        IRollupTypes.Assertion memory claim,
        Standing memory standing,
        uint40 time,
        uint40 later
    ) external {
        if (!_finalize(claim, standing, time)) return;
        vm.warp(later);
        (bool again,) = address(rollup).call(abi.encodeCall(rollup.finalize, (claim)));
        assert(!again);
    }

    function check_CONTROL_finalize_never_works(
        IRollupTypes.Assertion memory claim,
        Standing memory standing,
        uint40 time
    ) external {
        assert(!_finalize(claim, standing, time));
    }

    function check_CONTROL_finalize_always_moves_the_end(
        IRollupTypes.Assertion memory claim,
        Standing memory standing,
        uint40 time
    ) external {
        if (!_finalize(claim, standing, time)) return;
        (bytes32 id,) = rollup.finality();
        assert(id == _id(claim));
    }

    // ------------------------------------------------------------------------------------------------------ claim

    function check_claim_pays_the_target_its_amount_alone(
        uint8 status,
        uint64 numbers,
        uint128 amount,
        uint256 paid,
        uint256 held
    ) external {
        vm.deal(address(rollup), held);
        (bool ok, uint256 number) = _claim(status, numbers, amount, paid);
        if (!ok) return;
        assert(status == uint8(IRollupTypes.Status.Final));
        assert(TARGET.balance == amount && STRANGER.balance == 0);
        assert(held >= amount && address(rollup).balance == held - amount);
        uint256 bit = 1 << (number & 255);
        assert(paid & bit == 0);
        assert(get(address(rollup), placeOf(bytes32(number >> 8), RollupCode._paid)) == paid | bit);
    }

    function check_claim_pays_once(uint64 numbers, uint128 amount, uint256 paid, uint256 held) external {
        vm.deal(address(rollup), held);
        (bool ok,) = _claim(uint8(IRollupTypes.Status.Final), numbers, amount, paid);
        if (!ok) return;
        (bool again,) = address(rollup).call(_claimCall(numbers, amount));
        assert(!again);
    }

    function check_claim_works_for_what_is_final_and_unpaid(uint64 numbers, uint128 amount, uint256 held) external {
        vm.assume(held >= amount);
        vm.deal(address(rollup), held);
        (bool ok,) = _claim(uint8(IRollupTypes.Status.Final), numbers, amount, 0);
        assert(ok);
    }

    function check_CONTROL_claim_never_works(uint8 status, uint64 numbers, uint128 amount, uint256 held) external {
        vm.deal(address(rollup), held);
        (bool ok,) = _claim(status, numbers, amount, 0);
        assert(!ok);
    }

    function check_CONTROL_claim_leaves_the_word_as_it_was(uint64 numbers, uint128 amount, uint256 paid) external {
        vm.deal(address(rollup), type(uint128).max);
        (bool ok, uint256 number) = _claim(uint8(IRollupTypes.Status.Final), numbers, amount, paid);
        if (!ok) return;
        assert(get(address(rollup), placeOf(bytes32(number >> 8), RollupCode._paid)) == paid);
    }

    // ---------------------------------------------------------------------------------------------------- Private

    function _bond(address proposer) private returns (uint256) {
        return get(address(rollup), placeOf(bytes32(uint256(uint160(proposer))), RollupCode.availableBond));
    }

    function _id(IRollupTypes.Assertion memory claim) private pure returns (bytes32) {
        return keccak256(abi.encode(claim));
    }

    function _record(bytes32 id, address proposer, uint40 createdAt, uint8 status) private {
        uint256 word = uint160(proposer) | (uint256(createdAt) << RollupCode._records_createdAt)
            | (uint256(status) << RollupCode._records_status);
        put(address(rollup), placeOf(id, RollupCode._records), word);
    }

    function _finalize(IRollupTypes.Assertion memory claim, Standing memory standing, uint40 time)
        private
        returns (bool ok)
    {
        vm.assume(standing.status <= 4 && standing.parentStatus <= 4 && claim.parent != _id(claim));
        _record(claim.parent, PROPOSER, 0, standing.parentStatus);
        _record(_id(claim), PROPOSER, standing.createdAt, standing.status);
        put(address(rollup), RollupCode._head, standing.frozen ? 1 << RollupCode._head_frozen : 0);
        (bytes32 last,) = rollup.finality();
        put(address(rollup), RollupCode._finalAt, uint256(standing.finalEnd) << RollupCode._finalEnd_bit);
        assert(last != 0);
        vm.warp(time);
        vm.prank(STRANGER);
        (ok,) = address(rollup).call(abi.encodeCall(rollup.finalize, (claim)));
    }

    /// @dev Claims the only withdrawal of an assertion; `numbers` withdrawals were made before it.
    function _claim(uint8 status, uint64 numbers, uint128 amount, uint256 paid)
        private
        returns (bool ok, uint256 number)
    {
        vm.assume(status <= 4);
        (IRollupTypes.Assertion memory claim,,) = _withdrawal(numbers, amount);
        _record(_id(claim), PROPOSER, 0, status);
        number = numbers;
        put(address(rollup), placeOf(bytes32(number >> 8), RollupCode._paid), paid);
        vm.prank(STRANGER);
        (ok,) = address(rollup).call(_claimCall(numbers, amount));
    }

    function _claimCall(uint64 numbers, uint128 amount) private view returns (bytes memory) {
        (
            IRollupTypes.Assertion memory claim,
            IRollupTypes.Roots memory roots,
            IRollupTypes.Withdrawal memory withdrawal
        ) = _withdrawal(numbers, amount);
        return abi.encodeCall(rollup.finalizeWithdrawal, (claim, roots, 0, withdrawal, new bytes32[](0)));
    }

    function _withdrawal(uint64 numbers, uint128 amount)
        private
        pure
        returns (
            IRollupTypes.Assertion memory claim,
            IRollupTypes.Roots memory roots,
            IRollupTypes.Withdrawal memory withdrawal
        )
    {
        withdrawal = IRollupTypes.Withdrawal(TARGET, 0, amount);
        bytes32 node = keccak256(abi.encodePacked(TARGET, uint16(0), amount));
        bytes32 empty = 0;
        for (uint256 i; i < DEPTH; ++i) {
            node = keccak256(abi.encode(node, empty));
            empty = keccak256(abi.encode(empty, empty));
        }
        roots = IRollupTypes.Roots(bytes32(uint256(7)), node, bytes32(uint256(numbers) << 32), 0);
        bytes32 system = keccak256(abi.encode(roots.withdrawals, roots.numbers, roots.queueAcc));
        bytes32 root = keccak256(abi.encode(roots.accounts, system)) & bytes32(type(uint256).max >> 8);
        claim = IRollupTypes.Assertion(bytes32(uint256(3)), 5, 5, root, 0, false);
    }
}
